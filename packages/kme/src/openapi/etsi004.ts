import { LICENSE, type OpenApiDocument } from './document.ts';

/** A pointer: ETSI GS QKD 004 is no HTTP interface, and OpenAPI has no words for it. */
export const ETSI004: OpenApiDocument = {
  openapi: '3.1.0',
  info: {
    title: 'ETSI GS QKD 004 key streams (binary, not HTTP)',
    version: '2.1.1',
    description:
      'OPEN_CONNECT, GET_KEY and CLOSE over a TLS socket with client certificates: a header of 8 bytes (version 3 bytes, ' +
      'service 1 byte, length of the payload 4 bytes, big-endian), then the payload. Chunk sizes are in bytes, not bits. The ' +
      'bytes of every message, in both dialects that are in use, are in packages/kme/ETSI004.md.',
    license: LICENSE,
  },
  externalDocs: {
    description: 'ETSI GS QKD 004 V2.1.1 (2020-08)',
    url: 'https://www.etsi.org/deliver/etsi_gs/QKD/001_099/004/02.01.01_60/gs_QKD004v020101p.pdf',
  },
  components: {},
};

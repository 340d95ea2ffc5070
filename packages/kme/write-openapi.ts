/**
 * Writes packages/kme/openapi/*.json, the checked-in documents of the interfaces.
 * Run: node packages/kme/write-openapi.ts
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OPENAPI_DOCUMENTS, openApiText } from './src/openapi/openapi.ts';

for (const name of Object.keys(OPENAPI_DOCUMENTS)) {
  const path = join(import.meta.dirname, 'openapi', `${name}.json`);
  writeFileSync(path, openApiText(name)!);
  console.log(path);
}

/** An SVG as PNG, drawn by resvg in WebAssembly with the letters that come along: the same picture on every machine. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { initWasm, Resvg } from '@resvg/resvg-wasm';

/** Twice the size of the SVG, for screens and print. */
const ZOOM = 2;

const { resolve } = createRequire(import.meta.url);
let ready: Promise<void> | undefined;

export async function pngOf(svg: string): Promise<Uint8Array> {
  ready ??= initWasm(readFileSync(resolve('@resvg/resvg-wasm/index_bg.wasm')));
  await ready;
  const fontBuffers = ['DejaVuSans', 'DejaVuSans-Bold'].map((name) =>
    readFileSync(resolve(`dejavu-fonts-ttf/ttf/${name}.ttf`)),
  );
  const drawing = new Resvg(svg, {
    font: { fontBuffers, defaultFontFamily: 'DejaVu Sans', sansSerifFamily: 'DejaVu Sans' },
    fitTo: { mode: 'zoom', value: ZOOM },
  });
  try {
    return drawing.render().asPng();
  } finally {
    drawing.free();
  }
}

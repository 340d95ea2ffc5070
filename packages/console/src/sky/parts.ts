/** Parts of a drawn picture, found by name and changed only where something changed: an equal attribute costs no paint. */
export function part(svg: SVGSVGElement, name: string): SVGElement | null {
  return svg.querySelector<SVGElement>(`[data-part="${name}"]`);
}

export function set(element: SVGElement | null, attribute: string, value: string): void {
  if (element !== null && element.getAttribute(attribute) !== value) element.setAttribute(attribute, value);
}

/** Puts a part at a place, to a tenth of a pixel. */
export function move(element: SVGElement | null, x: number, y: number): void {
  set(element, 'transform', `translate(${x.toFixed(1)} ${y.toFixed(1)})`);
}

export function show(element: SVGElement | null, shown: boolean): void {
  set(element, 'visibility', shown ? 'visible' : 'hidden');
}

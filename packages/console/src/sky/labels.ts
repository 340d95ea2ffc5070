/** Where labels go so that they cover neither each other, nor the markers, nor the rim of the picture. */

export interface LabelRequest {
  /** The marker's place, px. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Half the width of the marker, px: the label keeps clear of it. */
  readonly reach: number;
}

export interface LabelPlace {
  /** Upper left corner, px. */
  readonly x: number;
  readonly y: number;
}

interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

const GAP = 4;

/** In order of rank: each label takes the free place nearest to its habit (right, left, above, below, corners). */
export function placeLabels(
  requests: readonly LabelRequest[],
  picture: { readonly width: number; readonly height: number },
): readonly LabelPlace[] {
  const markers = requests.map(({ x, y, reach }) => ({
    left: x - reach,
    top: y - reach,
    right: x + reach,
    bottom: y + reach,
  }));
  const taken: Box[] = [];
  return requests.map((request, own) => {
    let best: Box | null = null;
    let bestCost = Number.POSITIVE_INFINITY;
    for (const [habit, box] of candidates(request).entries()) {
      let cost = habit * 0.5 + outside(box, picture) * 4;
      for (const other of taken) cost += overlap(box, other) * 2;
      for (const [index, marker] of markers.entries()) if (index !== own) cost += overlap(box, marker);
      if (cost < bestCost) {
        best = box;
        bestCost = cost;
      }
    }
    taken.push(best!);
    return { x: best!.left, y: best!.top };
  });
}

function candidates({ x, y, width, height, reach }: LabelRequest): readonly Box[] {
  const at = (left: number, top: number): Box => ({ left, top, right: left + width, bottom: top + height });
  const middle = y - height / 2;
  const gap = reach + GAP;
  return [
    at(x + gap, middle),
    at(x - gap - width, middle),
    at(x - width / 2, y - gap - height),
    at(x - width / 2, y + gap),
    at(x + gap, y - gap - height),
    at(x + gap, y + gap),
    at(x - gap - width, y - gap - height),
    at(x - gap - width, y + gap),
  ];
}

function overlap(a: Box, b: Box): number {
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  return width > 0 && height > 0 ? width * height : 0;
}

function outside(box: Box, picture: { readonly width: number; readonly height: number }): number {
  const area = (box.right - box.left) * (box.bottom - box.top);
  return area - overlap(box, { left: 0, top: 0, right: picture.width, bottom: picture.height });
}

/** Pushes heights apart until they are `least` apart, within the bounds; as near to where they were as that allows. */
export function spread(wanted: readonly number[], least: number, top: number, bottom: number): number[] {
  const order = wanted.map((_, index) => index).sort((one, other) => (wanted[one] ?? 0) - (wanted[other] ?? 0));
  const placed = [...wanted];
  let floor = top;
  for (const index of order) {
    placed[index] = Math.max(wanted[index] ?? 0, floor);
    floor = placed[index] + least;
  }
  let ceiling = bottom;
  for (const index of [...order].reverse()) {
    placed[index] = Math.min(placed[index] ?? 0, ceiling);
    ceiling = placed[index] - least;
  }
  return placed;
}

/** Shapes that tell curves apart beside colour and dash: on the curve, in the legend, at its name. */

export const SHAPES = ["circle", "square", "triangle", "diamond", "cross", "down"] as const;
export type Shape = (typeof SHAPES)[number];

export const shapeAt = (index: number): Shape => SHAPES[index % SHAPES.length] ?? "circle";

type Point = readonly [x: number, y: number];

const CORNERS: Readonly<Record<Exclude<Shape, "circle" | "cross">, readonly Point[]>> = {
  square: [[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]],
  triangle: [[0, -1.15], [1.1, 0.85], [-1.1, 0.85]],
  down: [[0, 1.15], [1.1, -0.85], [-1.1, -0.85]],
  diamond: [[0, -1.25], [1.25, 0], [0, 1.25], [-1.25, 0]],
};

/** An SVG path around (x, y). */
export function pathOf(shape: Shape, x: number, y: number, size: number): string {
  if (shape === "circle") return `M${x - size},${y}a${size},${size} 0 1,0 ${2 * size},0a${size},${size} 0 1,0 ${-2 * size},0z`;
  if (shape === "cross") return `M${x - size},${y - size}L${x + size},${y + size}M${x - size},${y + size}L${x + size},${y - size}`;
  return `M${CORNERS[shape].map(([dx, dy]) => `${x + dx * size},${y + dy * size}`).join("L")}z`;
}

/** Draws it with the pen's present colours. */
export function drawShape(pen: CanvasRenderingContext2D, shape: Shape, x: number, y: number, size: number): void {
  pen.beginPath();
  if (shape === "circle") pen.arc(x, y, size, 0, 2 * Math.PI);
  else if (shape === "cross") {
    pen.moveTo(x - size, y - size);
    pen.lineTo(x + size, y + size);
    pen.moveTo(x - size, y + size);
    pen.lineTo(x + size, y - size);
  } else CORNERS[shape].forEach(([dx, dy], index) => (index === 0 ? pen.moveTo(x + dx * size, y + dy * size) : pen.lineTo(x + dx * size, y + dy * size)));
  if (shape !== "cross") {
    pen.closePath();
    pen.fill();
  }
  pen.stroke();
}

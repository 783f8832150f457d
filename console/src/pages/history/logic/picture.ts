/** A picture of the figure for a report: title, curves, legend, and where the figures are from. */

import { drawShape, type Shape } from "../../../components/chart/marker";

export interface LegendEntry {
  readonly name: string;
  readonly colour: string;
  readonly dash: readonly number[];
  readonly shape: Shape;
  readonly isFilled: boolean;
}

export interface Picture {
  readonly title: string;
  readonly subtitle: string;
  readonly footer: readonly string[];
  readonly legend: readonly LegendEntry[];
  readonly charts: readonly { readonly title: string; readonly image: ImageBitmap }[];
  readonly colours: { readonly ground: string; readonly text: string; readonly soft: string };
  readonly font: string;
}

const EDGE = 24;
const LINE = 22;

/** Draws it at the resolution of the curves; gives a PNG. */
export async function drawPicture(picture: Picture): Promise<Blob> {
  const canvas = document.createElement("canvas");
  const ratio = window.devicePixelRatio || 1;
  const width = Math.max(...picture.charts.map((one) => one.image.width / ratio), 480) + 2 * EDGE;
  const pen = canvas.getContext("2d");
  if (pen === null) throw new Error("This browser cannot draw");
  pen.font = `14px ${picture.font}`;
  const rows = placeLegend(pen, picture.legend, width - 2 * EDGE);
  const charts = picture.charts.reduce((sum, one) => sum + LINE + one.image.height / ratio + 8, 0);
  const height = EDGE * 2 + 56 + charts + rows.length * LINE + 12 + picture.footer.length * 18;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  pen.scale(ratio, ratio);
  draw(pen, picture, rows, { width, height, ratio });
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("This browser cannot write a PNG"))), "image/png");
  });
}

interface Placed extends LegendEntry {
  readonly x: number;
}

function placeLegend(pen: CanvasRenderingContext2D, legend: readonly LegendEntry[], width: number): Placed[][] {
  const rows: Placed[][] = [];
  let x = width + 1;
  for (const entry of legend) {
    const needed = pen.measureText(entry.name).width + 56;
    if (x + needed > width) {
      rows.push([]);
      x = 0;
    }
    rows.at(-1)?.push({ ...entry, x });
    x += needed;
  }
  return rows;
}

function draw(
  pen: CanvasRenderingContext2D,
  picture: Picture,
  rows: readonly (readonly Placed[])[],
  { width, height, ratio }: { width: number; height: number; ratio: number },
): void {
  const { ground, text, soft } = picture.colours;
  pen.fillStyle = ground;
  pen.fillRect(0, 0, width, height);
  pen.textBaseline = "top";
  write(pen, picture.title, EDGE, EDGE, text, `bold 18px ${picture.font}`, width - 2 * EDGE);
  write(pen, picture.subtitle, EDGE, EDGE + 28, soft, `13px ${picture.font}`, width - 2 * EDGE);
  let y = EDGE + 56;
  for (const chart of picture.charts) {
    if (picture.charts.length > 1) write(pen, chart.title, EDGE, y, text, `14px ${picture.font}`, width - 2 * EDGE);
    y += picture.charts.length > 1 ? LINE : 0;
    pen.drawImage(chart.image, EDGE, y, chart.image.width / ratio, chart.image.height / ratio);
    y += chart.image.height / ratio + 8;
  }
  for (const row of rows) {
    for (const entry of row) drawEntry(pen, entry, EDGE + entry.x, y, picture);
    y += LINE;
  }
  y += 12;
  for (const line of picture.footer) {
    write(pen, line, EDGE, y, soft, `12px ${picture.font}`, width - 2 * EDGE);
    y += 18;
  }
}

function drawEntry(pen: CanvasRenderingContext2D, entry: LegendEntry, x: number, y: number, { colours, font }: Picture): void {
  pen.strokeStyle = entry.colour;
  pen.lineWidth = 2.5;
  pen.setLineDash([...entry.dash]);
  pen.beginPath();
  pen.moveTo(x, y + 9);
  pen.lineTo(x + 28, y + 9);
  pen.stroke();
  pen.setLineDash([]);
  pen.lineWidth = 1.5;
  pen.fillStyle = entry.isFilled ? entry.colour : colours.ground;
  drawShape(pen, entry.shape, x + 14, y + 9, 4);
  write(pen, entry.name, x + 34, y, colours.text, `14px ${font}`);
}

function write(
  pen: CanvasRenderingContext2D,
  text: string,
  x: number,
  y: number,
  colour: string,
  font: string,
  width?: number,
): void {
  pen.fillStyle = colour;
  pen.font = font;
  pen.fillText(text, x, y, width);
}

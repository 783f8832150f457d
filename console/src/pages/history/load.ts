/** Tables from the API, read while they stream. */

import { send } from "../../api/client";
import type { Bucket } from "./logic/bucket";
import type { Window } from "./logic/compare";
import { MAX_POINTS } from "./logic/bucket";
import type { Question } from "./logic/question";
import { historyPath, summaryPath } from "./logic/requests";
import { type About, CutOff, type Row, RowReader } from "./logic/rows";
import { inOrder, type Series, SeriesGatherer } from "./logic/series";
import { readRanking, type Ranked } from "./logic/ranking";
import type { Span } from "./logic/period";

const LONG_MS = 10 * 60_000;

export type Language = "ja" | "en";

export interface Loaded {
  readonly series: readonly Series[];
  readonly windows: readonly Window[];
  readonly about: About;
  readonly points: number;
  readonly notNumbers: number;
  /** There are more points than a figure takes: it ends here. */
  readonly isCut: boolean;
}

export interface Progress {
  readonly points: number;
  /** 0 to 1. */
  readonly share: number;
}

async function* stream(path: string, signal: AbortSignal, reader: RowReader): AsyncGenerator<Row[]> {
  const response = await send(path, { signal, headers: { Accept: "application/json" } }, LONG_MS);
  if (response.body === null) throw new CutOff("There is no answer");
  const pieces = response.body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (let piece = await pieces.read(); !piece.done; piece = await pieces.read()) yield reader.read(piece.value);
    yield reader.end();
  } finally {
    await pieces.cancel().catch(() => undefined);
  }
}

/** One line per place and attribute, over the whole span. */
export async function loadRanking(question: Question, span: Span, language: Language, signal: AbortSignal): Promise<Ranked[]> {
  const rows: Row[] = [];
  for await (const some of stream(summaryPath(question, span, language), signal, new RowReader())) rows.push(...some);
  return readRanking(rows);
}

/** The curves of a figure, the present span and former years one after the other. */
export async function loadFigure(
  question: Question,
  windows: readonly Window[],
  bucket: Bucket,
  language: Language,
  signal: AbortSignal,
  tell: (progress: Progress) => void,
): Promise<Loaded> {
  const series: Series[] = [];
  let about: About | undefined;
  let [points, notNumbers, isCut] = [0, 0, false];
  for (const window of windows) {
    const gatherer = new SeriesGatherer(bucket, question.methods, window.yearsBefore);
    const reader = new RowReader();
    const path = historyPath(question, window.span, bucket, { format: "json", language, layout: "long" });
    for await (const rows of stream(path, signal, reader)) {
      gatherer.add(rows);
      const done = (gatherer.reached - window.span.from) / (window.span.to - window.span.from);
      tell({ points: points + gatherer.points, share: (window.yearsBefore + Math.min(Math.max(done, 0), 1)) / windows.length });
      if (points + gatherer.points > MAX_POINTS) {
        isCut = true;
        break;
      }
    }
    about ??= reader.about;
    series.push(...gatherer.series);
    points += gatherer.points;
    notNumbers += gatherer.notNumbers;
    if (isCut) break;
  }
  if (about === undefined) throw new CutOff("There is no answer");
  return { series: inOrder(series, question), windows, about, points, notNumbers, isCut };
}

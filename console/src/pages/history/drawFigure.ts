/** The figure as a picture: its charts with title, legend, data version and terms. */

import type { TFunction } from "i18next";
import { shapeAt } from "../../components/chart/marker";
import { seriesColours, SERIES_DASHES } from "../../components/chartColours";
import { formatMoment } from "../../format/times";
import type { Taken } from "./Actions";
import { drawPicture } from "./logic/picture";
import { periodName } from "./titles";

export async function drawFigure({ question, span, bucket, loaded, charts }: Taken, t: TFunction<"history">): Promise<Blob> {
  const style = getComputedStyle(document.documentElement);
  const images = await Promise.all(
    charts.map(async ({ title, handle }) => {
      const blob = await handle.current?.toPng();
      return blob ? [{ title, image: await createImageBitmap(blob) }] : [];
    }),
  );
  if (images.flat().length === 0) throw new Error("No chart is drawn: the tables are shown");
  const colours = seriesColours();
  const { licence, attribution, dataVersion } = loaded.about;
  const terms = [attribution, licence?.name].filter((one) => one !== undefined).join(" · ");
  return drawPicture({
    title: charts.map((one) => one.title).join(" · "),
    subtitle: `${periodName(question.period, span)} · ${t(`bucket.${bucket}`)}`,
    footer: [`${t("quality.version")}: ${formatMoment(dataVersion)}`, ...(terms === "" ? [] : [terms])],
    legend: charts.flatMap((chart) =>
      chart.names.map((name, index) => ({
        name,
        colour: colours[index % colours.length] ?? "#000",
        dash: SERIES_DASHES[index % SERIES_DASHES.length] ?? [],
        shape: shapeAt(index),
        isFilled: index % 2 === 0,
      })),
    ),
    charts: images.flat(),
    colours: { ground: style.getPropertyValue("--surface"), text: style.getPropertyValue("--text"), soft: style.getPropertyValue("--soft") },
    font: style.getPropertyValue("--font"),
  });
}

import { useTranslation } from "react-i18next";
import { Choice } from "../../../components/Field";
import { formatCount } from "../../../format/numbers";
import { type DeviceState, useCounts } from "./asking";
import { STATES } from "./logic/place";

/** The states to choose from, each with how many there are; "all" are those that are not retired. */
export function StateFilter({ state, text, onChange }: { state: DeviceState | undefined; text: string; onChange: (state: string) => void }) {
  const { t } = useTranslation("devices/list");
  const { data } = useCounts(text);
  const count = (of: readonly DeviceState[]): string => (data === undefined ? "" : ` ${formatCount(of.reduce((sum, one) => sum + (data.get(one) ?? 0), 0))}`);
  const options = [
    { value: "", label: t("list.all") + count(STATES.filter((one) => one !== "retired")) },
    ...STATES.map((one) => ({ value: one, label: t(`state.${one}`) + count([one]) })),
  ];
  return <Choice label={t("list.filter")} value={state ?? ""} options={options} onChange={onChange} />;
}

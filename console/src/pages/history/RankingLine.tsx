import { useTranslation } from "react-i18next";
import { CheckBox } from "../../components/Field";
import { attributeName } from "../../format/names";
import styles from "./History.module.css";
import type { Ranked, RankedBy } from "./logic/ranking";
import { shapeOf, write } from "./measures";
import { placeName } from "./titles";

interface Props {
  one: Ranked & { rank: number };
  columns: readonly RankedBy[];
  hasAttributes: boolean;
  isShown: boolean;
  isFull: boolean;
  onToggle: (id: string, isOn: boolean) => void;
}

export function RankingLine({ one, columns, hasAttributes, isShown, isFull, onToggle }: Props) {
  const { t } = useTranslation("history");
  const place = placeName(one.name, one.entityId);
  return (
    <tr>
      <td>
        <CheckBox
          label={<span className="visually-hidden">{t("ranking.show", { place })}</span>}
          checked={isShown}
          disabled={!isShown && isFull}
          onChange={(event) => onToggle(one.entityId, event.target.checked)}
        />
      </td>
      <td>{one.rank}</td>
      <th scope="row">{place}</th>
      {hasAttributes && <td>{attributeName(one.attribute)}</td>}
      {columns.map((column) => {
        const shape = shapeOf(one.attribute, one.unit, column);
        return (
          <td key={column} className={styles.number}>
            {write(one[column], shape)} <span className={styles.soft}>{shape.unit}</span>
          </td>
        );
      })}
    </tr>
  );
}

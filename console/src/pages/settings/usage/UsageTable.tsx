import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { type ColumnDef, Table } from "../../../components/Table";
import { typeName } from "../../../format/names";
import { useOrganisationNames } from "./names";
import { type Measure, type Used } from "./report";
import styles from "./Usage.module.css";
import { writeMeasure } from "./write";

const SHOWN: readonly Measure[] = ["requests", "entities", "written", "notifications", "exportRows", "bytes", "refused"];
const MAJOR = new Set<Measure>(["requests", "entities"]);
const MOST = 200;

/** A narrow column breaks lines between words, never within one: the table scrolls instead. */
const writeName: ColumnDef<Used>["cell"] = ({ getValue }) => <span className={styles.name}>{String(getValue())}</span>;

/** By organisation, role and type of data. */
export function UsageTable({ rows, isOwn }: { rows: readonly Used[]; isOwn: boolean }) {
  const { t } = useTranslation("settings/usage");
  const nameOf = useOrganisationNames();
  const columns = useMemo(() => {
    const who: ColumnDef<Used>[] = [
      { id: "organisation", header: t("organisation"), accessorKey: "organisation", cell: writeName },
      { id: "caller", header: t("caller"), accessorFn: (row) => t(`role.${row.caller}`), cell: writeName, meta: { isMinor: true } },
    ];
    const counted = SHOWN.map(
      (name): ColumnDef<Used> => ({
        id: name,
        header: t(`measure.${name}`),
        accessorFn: (row) => row[name],
        cell: ({ row }) => writeMeasure(name, row.original[name]),
        meta: { isNumber: true, isMinor: !MAJOR.has(name) },
      }),
    );
    const type: ColumnDef<Used> = { id: "type", header: t("type"), accessorFn: (row) => (row.type === null ? t("noType") : typeName(row.type)), cell: writeName };
    return [...(isOwn ? [] : who), type, ...counted];
  }, [t, isOwn]);
  // Other rows, not another column: a table keeps what it once read of a row
  const named = useMemo(() => rows.map((row) => ({ ...row, organisation: nameOf(row.organisation) })), [rows, nameOf]);
  return <Table label={t("table")} rows={named} columns={columns} rowId={(row) => row.key} {...(rows.length > MOST && { height: 600 })} />;
}

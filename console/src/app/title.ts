/** The window's title: the innermost part first (a section, then its page), then the town's brand. */

import { useEffect } from "react";
import { useTranslation } from "react-i18next";

const parts = new Map<number, string>();

function write(brand: string): void {
  const inner = [...parts].sort(([one], [other]) => other - one).map(([, title]) => title);
  document.title = [...inner, brand].join(" - ");
}

/** Names one part while it is shown. `level`: 1 for a page, 2 for a section of one. */
export function useTitlePart(level: number, title: string | undefined): void {
  const { t } = useTranslation();
  const brand = t("brand");
  useEffect(() => {
    if (title !== undefined) parts.set(level, title);
    write(brand);
    return () => {
      parts.delete(level);
      write(brand);
    };
  }, [level, title, brand]);
}

import { useEffect, useRef } from "react";
import { usePlace } from "../../../app/router";

let last: string | undefined;

/**
 * Another path within the settings begins at its top; where what was pressed is gone, the focus goes there as well, so
 * that a keyboard and a screen reader begin with what is new. Put the reference on an element with `tabIndex={-1}`.
 */
export function useTop() {
  const { path } = usePlace();
  const top = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (last !== undefined && last !== path) {
      window.scrollTo(0, 0);
      if (document.activeElement === document.body) top.current?.focus({ preventScroll: true });
    }
    last = path;
  }, [path]);
  return top;
}

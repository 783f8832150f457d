import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { Measured } from "./catalogue";
import styles from "./History.module.css";
import type { Bucket } from "./logic/bucket";
import type { Span } from "./logic/period";
import type { Question } from "./logic/question";
import type { Change } from "./useQuestion";

export interface ConditionProps {
  question: Question;
  completed: Question;
  measured: UseQueryResult<Measured>;
  span: Span;
  bucket: Bucket;
  change: Change;
}

/** Some conditions with their heading. */
export function Group({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className={styles.group}>
      <h2>{title}</h2>
      {children}
    </div>
  );
}

import { Component, type ReactNode } from "react";
import { isMissingPart, mayReload } from "../app/faultKinds";
import { ErrorState } from "./states";

interface Props {
  children: ReactNode;
  /** What makes it try again when it changes. */
  of?: string;
  /** Whether the fault is all that the page shows. */
  isPage?: boolean;
}

/** Keeps a fault of one page from taking the rest with it. */
export class ErrorBoundary extends Component<Props, { error: unknown }> {
  override state: { error: unknown } = { error: null };

  static getDerivedStateFromError(error: unknown): { error: unknown } {
    return { error };
  }

  override componentDidCatch(error: unknown): void {
    if (isMissingPart(error) && navigator.onLine && mayReload()) location.reload();
  }

  override componentDidUpdate(before: Props): void {
    if (before.of !== this.props.of && this.state.error !== null) this.setState({ error: null });
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === null) return this.props.children;
    // React keeps what a part answered: one that could not be fetched is asked for again by a new page only
    const retry = isMissingPart(error) ? () => location.reload() : () => this.setState({ error: null });
    return <ErrorState error={error} onRetry={retry} isPage={this.props.isPage} />;
  }
}

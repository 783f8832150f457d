import { Component, type ReactNode } from "react";
import { ErrorState } from "./states";

/** Keeps a fault of one page from taking the rest with it. `of` is what makes it try again when it changes. */
export class ErrorBoundary extends Component<{ children: ReactNode; of?: string }, { error: unknown }> {
  override state: { error: unknown } = { error: null };

  static getDerivedStateFromError(error: unknown): { error: unknown } {
    return { error };
  }

  override componentDidUpdate(before: { of?: string }): void {
    if (before.of !== this.props.of && this.state.error !== null) this.setState({ error: null });
  }

  override render(): ReactNode {
    if (this.state.error === null) return this.props.children;
    return <ErrorState error={this.state.error} onRetry={() => this.setState({ error: null })} />;
  }
}

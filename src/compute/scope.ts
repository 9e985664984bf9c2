import type { CelType } from "./cel-type.ts";

/** The variables that a macro (`all`, `exists`, …) brings, the innermost first. */
export class Scope {
  static readonly empty: Scope = new Scope();
  readonly #name: string | undefined;
  readonly #type: CelType | undefined;
  readonly #outer: Scope | undefined;

  private constructor(name?: string, type?: CelType, outer?: Scope) {
    this.#name = name;
    this.#type = type;
    this.#outer = outer;
  }

  with(name: string, type: CelType): Scope {
    return new Scope(name, type, this);
  }

  find(name: string): CelType | undefined {
    return this.#name === name ? this.#type : this.#outer?.find(name);
  }
}

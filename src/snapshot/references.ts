import type { ObjectKey } from "../api/object.ts";

/** Who refers to what: existing or not, so that whatever appears, changes or goes wakes its users. */
export class References {
  readonly #users = new Map<string, Set<ObjectKey>>();

  usersOf(key: string): Iterable<ObjectKey> {
    return this.#users.get(key) ?? [];
  }

  /** What `user` referred to, and what it refers to now. */
  replace(user: ObjectKey, before: readonly string[], after: readonly string[]): void {
    for (const key of before) {
      const users = this.#users.get(key);
      users?.delete(user);
      if (users?.size === 0) this.#users.delete(key);
    }
    for (const key of after) {
      const users = this.#users.get(key) ?? new Set();
      this.#users.set(key, users.add(user));
    }
  }
}

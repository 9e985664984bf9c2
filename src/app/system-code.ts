/** What the system calls an error (`ENOENT`), and nothing of its own words. */
export function systemCode(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "it failed in an unforeseen way";
}

/** What Microsoft's services call a request; anything but a UUID is not repeated. */
export function uuidOf(value: unknown): string | undefined {
  return typeof value === "string" && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value) ? value : undefined;
}

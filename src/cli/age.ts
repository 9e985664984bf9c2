const secondMs = 1000;
const minute = 60;
const hour = 60 * minute;

/**
 * A duration in milliseconds as kubectl prints ages: two units at most, coarser the longer it is (apimachinery `duration.HumanDuration`).
 * Up to two seconds into the future, which clocks of two machines may disagree by, is `0s`; further is `<invalid>`.
 */
export function humanDuration(ms: number): string {
  const seconds = Math.trunc(ms / secondMs);
  if (!Number.isFinite(seconds) || seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  if (seconds < 2 * minute) return `${seconds}s`;
  const minutes = Math.trunc(seconds / minute);
  if (minutes < 10) return pair(minutes, "m", seconds % minute, "s");
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.trunc(seconds / hour);
  if (hours < 8) return pair(hours, "h", minutes % 60, "m");
  if (hours < 48) return `${hours}h`;
  const days = Math.trunc(hours / 24);
  if (hours < 8 * 24) return pair(days, "d", hours % 24, "h");
  if (days < 2 * 365) return `${days}d`;
  const years = Math.trunc(days / 365);
  return days < 8 * 365 ? pair(years, "y", days % 365, "d") : `${years}y`;
}

/** What a `date` column shows of a time in epoch ms: `<unknown>` where there is none (apimachinery `ConvertToHumanReadableDateType`). */
export function ageAt(now: number, time: number | undefined): string {
  return time === undefined || time === 0 ? "<unknown>" : humanDuration(now - time);
}

function pair(big: number, bigUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${big}${bigUnit}` : `${big}${bigUnit}${small}${smallUnit}`;
}

/** Milliseconds that this process has computed: as a clock it doesn't run while a busy machine computes something else. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

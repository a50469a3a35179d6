import { readdirSync, readFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Metrics, Scalar } from '#src/metrics.ts'

/** In milliseconds: a timer that often takes 0.2 % of a core. */
const RESOLUTION = 20
const delay = monitorEventLoopDelay({ resolution: RESOLUTION })

/** Seconds of event loop delay; the sampling's own period, which Node counts in, is taken off. */
const lag = (nanoseconds: number): number => Math.max(0, (nanoseconds || 0) / 1e9 - RESOLUTION / 1000)

/** A number in a file of /proc/self, times `unit`; undefined where there is none. */
function kernel(file: string, line: RegExp, unit = 1): number | undefined {
  try {
    const value = line.exec(readFileSync(`/proc/self/${file}`, 'utf8'))?.[1]
    return value === undefined ? undefined : Number(value) * unit
  } catch {
    return undefined
  }
}

function openFiles(): number | undefined {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    return undefined
  }
}

function largestLag(): number {
  const largest = lag(delay.max)
  // The last of the delays to be read: the next scrape sees what comes after this one.
  delay.reset()
  return largest
}

type Row = readonly [name: string, help: string, read: () => number | undefined]

const COUNTERS: readonly Row[] = [
  ['process_cpu_user_seconds_total', 'User CPU time.', () => process.cpuUsage().user / 1e6],
  ['process_cpu_system_seconds_total', 'System CPU time.', () => process.cpuUsage().system / 1e6],
  ['process_cpu_seconds_total', 'User and system CPU time.', () => (process.cpuUsage().user + process.cpuUsage().system) / 1e6],
]

const GAUGES: readonly Row[] = [
  ['process_start_time_seconds', 'Start of the process since the epoch.', () => performance.timeOrigin / 1000],
  ['process_resident_memory_bytes', 'Resident memory.', () => process.memoryUsage.rss()],
  ['process_virtual_memory_bytes', 'Virtual memory.', () => kernel('status', /^VmSize:\s+(\d+)/m, 1024)],
  ['process_heap_bytes', 'Private memory, data and heaps.', () => kernel('status', /^VmData:\s+(\d+)/m, 1024)],
  ['process_open_fds', 'Open file descriptors.', openFiles],
  ['process_max_fds', 'Most file descriptors that may be open.', () => kernel('limits', /^Max open files\s+(\d+)/m)],
  ['nodejs_heap_size_total_bytes', 'Size of the heap.', () => process.memoryUsage().heapTotal],
  ['nodejs_heap_size_used_bytes', 'Used part of the heap.', () => process.memoryUsage().heapUsed],
  ['nodejs_external_memory_bytes', 'Memory of objects outside of the heap.', () => process.memoryUsage().external],
  ['nodejs_eventloop_lag_mean_seconds', 'Mean event loop delay since the last scrape.', () => lag(delay.mean)],
  ['nodejs_eventloop_lag_p50_seconds', 'Median event loop delay since the last scrape.', () => lag(delay.percentile(50))],
  ['nodejs_eventloop_lag_p90_seconds', '90th percentile of it.', () => lag(delay.percentile(90))],
  ['nodejs_eventloop_lag_p99_seconds', '99th percentile of it.', () => lag(delay.percentile(99))],
  ['nodejs_eventloop_lag_max_seconds', 'Largest event loop delay since the last scrape.', largestLag],
]

/** Adds what dashboards want to know of the process, under the names that Prometheus's clients have for it. */
export function addProcessMetrics(metrics: Metrics): void {
  delay.enable()
  for (const [name, help, read] of COUNTERS) follow(metrics.counter(name, help), read)
  for (const [name, help, read] of GAUGES) follow(metrics.gauge(name, help), read)
}

function follow(metric: Scalar, read: Row[2]): void {
  if (read() === undefined) return
  const cell = metric.with({})
  metric.read = () => {
    cell.value = read() ?? Number.NaN
  }
}

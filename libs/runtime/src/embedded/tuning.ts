/** Server settings of the embedded PostgreSQL. Given on the command line, so that they hold whatever postgresql.conf says. */
import { platform, release, totalmem } from 'node:os';

const MIB = 1024 * 1024;
/**
 * shared_buffers: an eighth of the memory leaves the rest to the page cache and to the apps. Not more on a large machine: a server sets up each of
 * its buffers when it starts, and a restart would wait for that.
 */
const MIN_SHARED_MIB = 128;
const MAX_SHARED_MIB = 512;

/** Memory in octets that this process may use: the machine's, or less in a container. */
export const memoryOctets = (): number => Math.min(totalmem(), process.constrainedMemory() || Infinity);

/**
 * Whether the kernel writes out a file system in one call and says when it could not (Linux from 5.8). A recovery does that first, by its default
 * file by file, which is half of what it takes.
 */
export function syncsWhole(system: string, version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return system === 'linux' && (major > 5 || (major === 5 && minor >= 8));
}

/** `octets` of memory to server settings. */
export function tuning(octets: number): Readonly<Record<string, string>> {
  const sharedMiB = Math.floor(Math.min(Math.max(octets / 8 / MIB, MIN_SHARED_MIB), MAX_SHARED_MIB));
  return {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    // Promise 1: 250 means durable.
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
    ...(syncsWhole(platform(), release()) && { recovery_init_sync_method: 'syncfs' }),
    max_connections: '200',
    shared_buffers: `${sharedMiB}MB`,
    effective_cache_size: `${Math.floor(Math.max(octets / 2 / MIB, 256))}MB`,
    huge_pages: 'off',
    max_wal_size: '2GB',
    wal_buffers: '16MB',
    checkpoint_completion_target: '0.9',
    checkpoint_timeout: '15min',
    random_page_cost: '1.1',
    jit: 'off',
    // Containers have 64 MiB of /dev/shm, too little for parallel plans, and no statement of ours wants one.
    max_parallel_workers_per_gather: '0',
    max_parallel_maintenance_workers: '0',
    // Queue rows live for seconds: vacuum small and often.
    autovacuum_naptime: '15s',
    autovacuum_vacuum_scale_factor: '0.05',
    autovacuum_vacuum_cost_limit: '1000',
    log_min_messages: 'warning',
    log_checkpoints: 'off',
    log_line_prefix: '%m [%p] %q%u@%d ',
    timezone: 'UTC',
    log_timezone: 'UTC',
  };
}

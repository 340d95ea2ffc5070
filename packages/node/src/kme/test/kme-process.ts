/** One key manager, as `skykey kme --config FILE` runs it. */
import { onEnd } from '../../process.ts';
import { runKme } from '../run-kme.ts';

try {
  const running = await runKme(process.argv[2]!);
  onEnd(() => running.stop(), { followParent: true, limitMs: 8000 });
  process.on('SIGHUP', () => void running.reload());
  process.stdout.write(`${JSON.stringify({ ready: running.ports })}\n`);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exit(2);
}

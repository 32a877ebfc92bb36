// node scripts/test-summary.mjs REPORT [OTHERS]: one line `N passed, N failed` from vitest's JSON report, with OTHERS more
// failures; fails when there is one, or when nothing ran. A file that could not be loaded has no tests to count and counts
// as one failure, and so does an error outside every test.
import fs from 'node:fs';

const [file, others = '0'] = process.argv.slice(2);
let passed = 0;
let failed = 1; // no report: vitest itself did not come to an end
if (fs.existsSync(file)) {
  const report = JSON.parse(fs.readFileSync(file, 'utf8'));
  const unloadable = report.testResults.filter((f) => f.status === 'failed' && f.assertionResults.length === 0);
  passed = report.numPassedTests;
  failed = report.numFailedTests + unloadable.length;
  if (failed === 0 && !report.success) failed = 1;
}
failed += Number(others);
console.log(`${passed} passed, ${failed} failed`);
if (failed > 0 || passed === 0) process.exit(1);

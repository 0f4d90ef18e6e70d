// Waiting for conditions with a deadline, never for an amount of time.

const POLL_MS = 20;

export const DEADLINE_MS = Number(process.env.DCS_TEST_DEADLINE_MS ?? 30_000);

// Calls probe until it returns something truthy, which is the result.  A probe that throws counts as not
// yet; what it threw last is named when the deadline passes.
export async function until(what, probe, deadlineMs = DEADLINE_MS, pollMs = POLL_MS) {
  const end = Date.now() + deadlineMs;
  let problem;
  for (;;) {
    try {
      const value = await probe();
      if (value) return value;
      problem = undefined;
    } catch (error) {
      problem = error;
    }
    if (Date.now() >= end)
      throw new Error(`not within ${deadlineMs} ms: ${what}`, { cause: problem });
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

// The promise's result, or a failure once the deadline has passed.
export async function within(what, promise, deadlineMs = DEADLINE_MS) {
  let timer;
  const deadline = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${deadlineMs} ms: ${what}`)), deadlineMs);
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

/** How much longer than usual the tests wait for what must come: for machines that are slower than most by far. */
export const PATIENCE = Number(process.env['LASTPORT_TEST_PATIENCE'] ?? 1);

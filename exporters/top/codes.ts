const ESC = '\u001b[';

/** The other screen, without cursor, and without lines that go on in the next. */
export const ENTER_SCREEN = `${ESC}?1049h${ESC}?25l${ESC}?7l${ESC}H${ESC}2J`;
/** Undoes that, wherever a frame was broken off. */
export const LEAVE_SCREEN = `${ESC}?2026l${ESC}0m${ESC}?7h${ESC}?25h${ESC}?1049l`;

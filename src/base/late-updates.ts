/** The loss and the speed of a run are told of so many of its last updates: those of one are noise. */
export const lately = 50;

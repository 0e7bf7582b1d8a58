/*
 * The thread that ends the engine when the process does. It is made before the engine is opened, and knows it from its
 * first moment: the end may come when the system gives no thread any more, and exit() may be called by a thread that
 * cannot enter the engine.
 */
#ifndef TOTEM_ENDING_H
#define TOTEM_ENDING_H

/* The thread calls `meet` once the engine is open, so that the runtime takes the thread in while there is memory for
 * it, and `end` when the process ends. */
struct totem_ending {
	void (*meet)(void);
	void (*end)(void);
};

/* Makes the thread, if this process has none. Zero when the system gives no thread. */
int totem_ending_prepare(const struct totem_ending *ending);

/* The engine has been opened. Behind everything that it registers for itself with atexit(), so before it at exit. */
void totem_ending_arm(void);

/* In the child of a fork, which has no thread but its own. The functions that its parent registered with atexit() find
 * nothing to do. */
void totem_ending_forget(void);

#endif

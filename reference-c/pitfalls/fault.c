/*
 * fault: writes where nothing may be written, and gets a SIGSEGV that is not
 * sent by kill(2).
 *
 * https://man7.org/linux/man-pages/man7/signal.7.html
 */
#include <stddef.h>

int main(void)
{
	static int *volatile nowhere = NULL;

	*nowhere = 1;
	return 0;
}

/*
 * empty: a program that does nothing, for what C costs to start.
 */
int main(void)
{
	return 0;
}

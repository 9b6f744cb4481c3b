// empty: a program that does nothing, for what Go costs to start.
package main

func main() {}

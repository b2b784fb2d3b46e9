// Package register has none of the operator's generators: the tests use none.
package register

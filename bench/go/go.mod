// What the bench measures with and against, from the standard library alone.

module secretaccess/bench

go 1.26

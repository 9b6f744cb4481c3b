module nsteps/bench

go 1.19

require nsteps v0.0.0

replace nsteps => ../../../reference-go

module nsteps

go 1.19

module kind-lab

go 1.26.0

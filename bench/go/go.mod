module bora.bench

go 1.22

module nines

go 1.19

namespace nines {}

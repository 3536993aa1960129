module example.test/x

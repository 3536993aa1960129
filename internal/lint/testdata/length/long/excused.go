package long






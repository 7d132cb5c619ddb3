package gateway

func (g *Gateway) mountLegacy() {}

"""x"""
import math
import mnist_cnn as mc
PHRASES = {}
SIZES = [60000,10000,70000,784,1875,313,5625,.001,19610,7850,math.log(10),11.594722,10]

"""Loads a SavedModel with Python's TensorFlow and prints its probabilities as JSON.
python check-saved-model.py FOLDER IMAGES SIZE: IMAGES is a file of uint8 [N, SIZE, SIZE, 3]. Needs tensorflow."""
import json
import sys

import numpy
import tensorflow as tf

folder, path, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
images = numpy.fromfile(path, "uint8").reshape(-1, size, size, 3)
outputs = tf.saved_model.load(folder).signatures["serving_default"](images=tf.constant(images))
print(json.dumps(outputs["probabilities"].numpy().tolist()))

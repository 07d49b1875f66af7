#!/bin/sh
# Small videos of other programs, made with ffmpeg 5.1: each what auteur does not write itself.
set -e
cd "$(dirname "$0")/videos"
make() { ffmpeg -loglevel error -y -f lavfi -i testsrc2=size=48x32:rate=10 -frames:v 6 -pix_fmt yuv420p -fflags +bitexact -flags:v +bitexact "$@"; }
make -c:v libx264 -profile:v baseline -x264-params slices=2:keyint=3 slices.mp4
make -c:v libx264 -profile:v baseline -movflags frag_keyframe+empty_moov -g 3 fragments.mp4
make -c:v libx264 -profile:v baseline matroska.mkv
make -c:v libx264 high.mp4
make -c:v libvpx-vp9 -b:v 50k vp9.webm
make -c:v libvpx -b:v 50k vp8.webm
make -c:v mpeg4 unknown.mp4
for turn in 90 270; do
  ffmpeg -loglevel error -y -i slices.mp4 -c copy -metadata:s:v rotate=$turn -fflags +bitexact rotated-$turn.mp4
done
ffmpeg -loglevel error -y -ss 0.4 -i slices.mp4 -c copy -fflags +bitexact edited.mp4
ffmpeg -loglevel error -y -f lavfi -i anullsrc=r=8000:cl=mono -t 0.2 -fflags +bitexact -c:a aac sound.m4a
# What ffmpeg makes of the slices, scaled without smoothing the colours, to compare with.
ffmpeg -loglevel error -y -i slices.mp4 -vf scale=flags=neighbor+accurate_rnd+full_chroma_int -f rawvideo -pix_fmt rgb24 - | gzip -9n > slices.rgb.gz

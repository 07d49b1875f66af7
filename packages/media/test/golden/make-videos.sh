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
# Baseline H.264 in MPEG-TS, whose parameter sets stand among the frames.
make -c:v libx264 -profile:v baseline -f mpegts baseline.mpegts
ffmpeg -loglevel error -y -i slices.mp4 -f lavfi -i sine=440:sample_rate=8000:duration=0.6 -map 0 -map 1 -c:v copy -c:a aac -b:a 8k -shortest -fflags +bitexact with-sound.mp4
# One colour, coded with the matrix of BT.709, in limited and in full range, and marked so.
for range in tv pc; do
  ffmpeg -loglevel error -y -f lavfi -i color=lime:s=32x32:r=10 -frames:v 2 -vf scale=out_color_matrix=bt709:out_range=$range -c:v libx264 -profile:v baseline -pix_fmt yuv420p \
    -colorspace bt709 -color_primaries bt709 -color_trc bt709 -color_range $range -fflags +bitexact -flags:v +bitexact green-709-$range.mp4
done
# Pixels that are twice as wide as high.
make -vf setsar=2 -c:v libx264 -profile:v baseline wide-pixels.mp4
# Six frames, each lighter than the one before.
ffmpeg -loglevel error -y -f lavfi -i "nullsrc=size=32x32:rate=10,geq=lum='40*N+20':cb=128:cr=128" -frames:v 6 -c:v libx264 -profile:v baseline -pix_fmt yuv420p -fflags +bitexact -flags:v +bitexact lighter.mp4

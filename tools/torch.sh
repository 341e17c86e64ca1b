# libtorch as an SDK, sourced by tools/deps.sh: headers and CPU libraries out of PyTorch's wheel. Sets torch_root.
# The wheel (539 MB) goes once it is unpacked; what stays is about 0.6 GB. For GPUs, install all of torch with its dependencies and
# configure with -DSTEWARD_TORCH_ROOT=…/site-packages/torch.
torch_root=$cache/torch-$(echo "$TORCH_WHEEL_SHA256 $CUDART_WHEEL_SHA256 $CUPTI_WHEEL_SHA256" | sha256sum | cut -c1-12)/torch

if [[ $want_torch && ! -f $torch_root/ready ]]; then
  ensure_pip
  wheel_of=(--only-binary :all: --python-version 3.11 --implementation cp --platform manylinux_2_28_x86_64)
  fetch "$TORCH_PACKAGE" "$TORCH_WHEEL" "$TORCH_WHEEL_SHA256" "${wheel_of[@]}"
  fetch "$CUDART_PACKAGE" "$CUDART_WHEEL" "$CUDART_WHEEL_SHA256" "${wheel_of[@]}" --platform manylinux2014_x86_64
  fetch "$CUPTI_PACKAGE" "$CUPTI_WHEEL" "$CUPTI_WHEEL_SHA256" "${wheel_of[@]}" --platform manylinux_2_25_x86_64
  echo "deps: unpacking libtorch"
  into=$(dirname "$torch_root")
  mkdir -p "$into"
  unzip -q -o "$cache/downloads/$TORCH_WHEEL" 'torch/include/*' 'torch/lib/libtorch.so' 'torch/lib/libtorch_cpu.so' 'torch/lib/libc10.so' \
    'torch/lib/libg*' 'torch-*.dist-info/licenses/*' -d "$into"
  unzip -q -o "$cache/downloads/$CUDART_WHEEL" 'nvidia/cu13/lib/libcudart.so*' '*/licenses/*' -d "$into"
  unzip -q -o "$cache/downloads/$CUPTI_WHEEL" 'nvidia/cu13/lib/libcupti.so*' '*/licenses/*' -d "$into"
  rm "$cache/downloads/$TORCH_WHEEL" "$cache/downloads/$CUDART_WHEEL" "$cache/downloads/$CUPTI_WHEEL"
  touch "$torch_root/ready"
fi
[[ -f $torch_root/ready ]] || torch_root=

# SpaSNE from Julia, without packages: writes data.dat, runs the executable, reads result.dat.
#
# X: matrix (spots x columns), usually principal components; pixels: matrix (spots x 2 or 3) in the same row
# order. Returns the map, a matrix (spots x no_dims).
function spasne(X, pixels; alpha=8.0, beta=2.0, exaggeration=4.0, no_dims=2, perplexity=50.0, theta=0.5,
                seed=1, max_iter=1000, executable="spasne")
    mktempdir() do folder
        data_file, result_file = joinpath(folder, "data.dat"), joinpath(folder, "result.dat")
        open(data_file, "w") do out
            write(out, Int32[size(X, 1), size(X, 2)])
            write(out, Float64[theta, perplexity])
            write(out, Int32[no_dims, max_iter])
            write(out, Matrix{Float64}(permutedims(X)))  # Julia keeps columns together, the file rows
            write(out, Int32[seed, size(pixels, 1), size(pixels, 2)])
            write(out, Matrix{Float64}(permutedims(pixels)))
            write(out, Float64[alpha, beta, exaggeration])
        end
        run(`$executable --quiet --data $data_file --result $result_file`)  # throws if it fails
        open(result_file) do result
            n_points, n_dims = read(result, Int32), read(result, Int32)
            Y = Matrix{Float64}(undef, n_dims, n_points)
            read!(result, Y)
            permutedims(Y)
        end
    end
end

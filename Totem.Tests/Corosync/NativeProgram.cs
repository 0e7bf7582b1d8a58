using Totem.Tests.Processes;

namespace Totem.Tests.Corosync;

/// <summary>Programs in C that lie in the folder Native, compiled against the libraries of the distribution.</summary>
internal static class NativeProgram
{
    /// <summary>Compiles one into a folder.</summary>
    /// <param name="name">Its name, that of its only file without the ending.</param>
    /// <param name="folder">Where the program goes.</param>
    /// <param name="libraries">The libraries that it is linked with.</param>
    /// <returns>The path of the program.</returns>
    public static string Compile(string name, string folder, params IEnumerable<string> libraries)
    {
        var source = Path.Combine(AppContext.BaseDirectory, "Native", $"{name}.c");
        var program = Path.Combine(folder, name);
        SystemCommand.Run(
            $"gcc -std=gnu11 -O2 -Wall -Wextra -Werror -o {program} {source} "
                + $"{string.Join(' ', libraries.Select(x => $"-l{x}"))}");
        return program;
    }
}

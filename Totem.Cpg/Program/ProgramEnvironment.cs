using System.Runtime.InteropServices;

namespace Totem.Cpg.Program;

/// <summary>The environment variables that the program's user may set for this library. A program that runs with more
/// rights than its caller, such as a set-user-ID one, has the caller's environment: nothing is read from it
/// (secure_getenv(3)).</summary>
internal static partial class ProgramEnvironment
{
    /// <summary>AT_SECURE of getauxval(3).</summary>
    private const nuint Secure = 23;

    /// <summary>The value; null when it is not set, empty, or not to be trusted.</summary>
    public static string? Variable(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value
            && GetAuxiliaryValue(Secure) == 0 ? value : null;

    [LibraryImport("libc", EntryPoint = "getauxval")]
    private static partial nuint GetAuxiliaryValue(nuint type);
}

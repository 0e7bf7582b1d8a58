using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;

namespace Totem.CommandLine;

/// <summary>Options that are numbers in a range: help and errors say which.</summary>
public static class Ranged
{
    /// <summary>A number with a default.</summary>
    public static Option<int> Number(string name, string description, int byDefault, int min, int max) => new(name)
    {
        Description = $"{description} {min} to {max}.",
        HelpName = "N",
        DefaultValueFactory = _ => byDefault,
        CustomParser = result => Parse(result, name, min, max),
    };

    /// <summary>A number that may be absent.</summary>
    public static Option<T?> Optional<T>(string name, string description, T min, T max)
        where T : struct, IBinaryInteger<T> => new(name)
        {
            Description = description,
            HelpName = "N",
            CustomParser = result => Parse(result, name, min, max),
        };

    private static T Parse<T>(ArgumentResult result, string name, T min, T max)
        where T : struct, IBinaryInteger<T>
    {
        var text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
        if (T.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= min
            && value <= max)
            return value;
        result.AddError($"{name} is '{text}', expected a number from {min} to {max}");
        return default;
    }
}
